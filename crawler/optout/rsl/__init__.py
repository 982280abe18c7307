"""RSL documents: what they hold, and what that means for one use of one resource."""
