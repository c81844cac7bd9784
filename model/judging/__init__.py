"""What does an Observation prove about versions and suites, what did the visit ask, and which grade follows?"""
