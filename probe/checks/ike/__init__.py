"""Checks of IKE responders. No check sends IKE_AUTH or any other attempt to authenticate."""
