"""One module for each subject, one small class for each check. A check is pure: facts in, a finding out."""
