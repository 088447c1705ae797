"""The narrative of final accounts, 决算情况说明: its sentences and the report, each made from the other."""
