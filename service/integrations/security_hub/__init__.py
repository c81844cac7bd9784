"""AWS Security Hub: alerts as findings there, and suppressed findings there as waivers here."""
