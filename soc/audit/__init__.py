"""The hash-chained trail of every act and every read that counts."""
