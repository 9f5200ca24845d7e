"""Reading what runs left behind: found by name, listed, compared, and told what limited them."""
