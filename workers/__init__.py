"""What reacts: to due pushes, to runs that were asked for, to the clock.

The views say what waits (`dispatch`), messages carry it to whichever process has time (`actors`), jobs carry it out
(`push`, `close_month`, `carry_out_runs`, `import_directory`). A message may be lost or come twice: leases keep two
workers off one agreement, and the facts themselves make doing it twice harmless.
"""
