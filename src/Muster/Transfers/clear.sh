# PREFIX  gives back what an unfinished delivery takes.
rm -rf "incoming/$1".*
