"""Who is asking and what they may do: users, agencies, roles, sessions."""
