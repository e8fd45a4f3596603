"""The incident: severity, teams, services, lifecycle, timeline, steps and clocks."""
