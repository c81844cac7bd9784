"""All sockets of a visit: limits, deadlines, and exchanges of one Offer for one Answer.

This package asks no questions of its own and draws no conclusions. It translates network errors into Answers
once, at the socket.
"""
