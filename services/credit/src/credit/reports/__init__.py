"""Reports: a region's year in numbers beside the year before, and how departments keep deadlines."""
