"""What samples are measured by: FID and its companions."""
