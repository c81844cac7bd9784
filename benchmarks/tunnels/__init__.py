"""Which tool is right about SSH servers and IKE responders: the second half of docs/explanation/truth.md."""
