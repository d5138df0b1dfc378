"""What people say of a post against the machine: kept, undone, joined with texts, and stronger than any model."""
