"""What each page shows, as one model: the page draws it, the JSON twin at the same address gives it out."""
