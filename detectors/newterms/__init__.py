"""First seen: what an entity has never done before, or not for long (`spec` says what a definition holds, `memory` what is kept)."""
