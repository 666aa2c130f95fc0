"""How one record of each format is written. One module per family of platforms; both lawful life and threats write with these."""
