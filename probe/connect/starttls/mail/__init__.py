"""Mail and news: SMTP, IMAP, POP3, ManageSieve, NNTP."""
