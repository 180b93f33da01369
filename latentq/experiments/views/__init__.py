"""One state in several views."""
