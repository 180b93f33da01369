"""What losses between finite batches of states prefer."""
