"""What tests of authorization models and engines are built from; shipped, and never imported by the service."""
