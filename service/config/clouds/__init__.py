"""The settings of sources in clouds."""
