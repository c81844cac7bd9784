"""Certificates of ACM and IAM, and private CAs: what AWS says of them, whether or not an endpoint serves them."""
