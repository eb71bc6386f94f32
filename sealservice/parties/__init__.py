"""Who there is: organisations that own seals, and the people who act for them."""
