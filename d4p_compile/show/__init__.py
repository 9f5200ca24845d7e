"""Plans for people and programs: text, JSON, Mermaid, dot, HTML."""
