"""The composition root: each module puts the parts of one process together. Only here is everything imported."""
