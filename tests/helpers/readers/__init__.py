"""What others read data sets with, in a process and a folder of packages of their own."""
