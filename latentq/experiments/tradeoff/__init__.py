"""FID against recall, of priors on one autoencoder."""
