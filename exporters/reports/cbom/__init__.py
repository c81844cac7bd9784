"""The cryptographic bill of materials (CBOM): CycloneDX 1.7 with every fact, its verdict and its proof's hash."""
