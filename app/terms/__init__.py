"""What a person agrees to when registering: terms and privacy policy, and who the shop is (domain.md 4)."""
