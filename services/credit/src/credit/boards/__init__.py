"""Red and black boards (红黑榜): runs by period or event, published by a second person."""
