"""The research log's single-shot denoiser."""
