"""The catalogue, readers of files, where data is found. It knows no problem."""
