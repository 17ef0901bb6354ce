"""What every problem is made of: contracts, exact numbers, errors. It knows no problem."""
