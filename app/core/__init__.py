"""The pure rules of the broker: no await, no clock, no driver, no import from the rest of the house."""
