"""What every method is made of: results, processes, comparisons of claims. It knows no problem."""
