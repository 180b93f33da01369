"""The five tasks of the original QuDDPM at their published sizes."""
