"""What does an endpoint's certificate chain contain, and how much of its lifetime is left?"""
