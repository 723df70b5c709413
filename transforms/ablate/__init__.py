"""The experiment as a job: questions of all arms in one order, rounds until each has its samples, and the outcome."""
