"""The doors: webhook, admin, chat page, health, and the fake WhatsApp."""
