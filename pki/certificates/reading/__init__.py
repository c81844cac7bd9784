"""What fields does a certificate's DER contain, read within fixed limits?"""
