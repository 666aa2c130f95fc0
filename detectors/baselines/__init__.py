"""What is usual: how many events an entity makes in a slot of time (`rate`), and how rare a value is (`rarity`)."""
