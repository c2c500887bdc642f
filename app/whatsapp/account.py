"""The fields of webhooks that concern the business and no single user (whatsapp-cloud-api, 2.7).

Names only: they count what came, and say which of it wants a person's eye. A field that is not listed is kept as well.
"""

ALARMING = frozenset(
    {
        "account_alerts",
        "account_review_update",
        "account_update",
        "business_capability_update",
        "message_template_quality_update",
        "message_template_status_update",
        "messages",
        "payment_configuration_update",
        "phone_number_name_update",
        "phone_number_quality_update",
        "security",
        "template_category_update",
    }
)
"""Fields that may stop or change what can be sent; `messages` are the errors without a message (chapter 2.6)."""

FIELDS = ALARMING | frozenset(
    {
        "automatic_events",
        "business_username_update",
        "calls",
        "flows",
        "group_lifecycle_update",
        "group_participants_update",
        "group_settings_update",
        "group_status_update",
        "history",
        "message_echoes",
        "message_template_components_update",
        "messaging_handovers",
        "partner_solutions",
        "smb_app_state_sync",
        "smb_message_echoes",
        "standby",
        "user_preferences",
    }
)
"""Every field Meta documents beside `messages` and `user_id_update`: a counter each, and one for all others."""
