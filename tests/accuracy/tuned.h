/* tuned.h - figures of nets that `qcc tune` and `qcc train` made. */
#ifndef QCC_ACCURACY_TUNED_H
#define QCC_ACCURACY_TUNED_H

enum { TUNED_MOST_SEEDS = 3 };

int tuned_count(void);
const char *tuned_name(int figure);
double tuned_target(int figure);
/* NULL, or why the figure cannot be taken here. */
const char *tuned_missing(int figure);
/* Makes the net with the seeds 1 … seeds and prints the figure's line: that of one seed, or of the
 * mean. */
void tuned_run(int figure, int seeds);

#endif
