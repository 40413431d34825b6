"""What palaver costs, measured beside a bare proxy and a bare app."""
