"""Remote desktops, remote logins and FTP."""
