/* ranks.c - processes of Open MPI's mpirun, through libmpi as it is found at run time. */
#include "config.h"

#include "compiler/train/ranks.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* A whole number ≥ 0 that mpirun put into the environment, or `otherwise`. */
static int number(const char *name, int otherwise)
{
    const char *text = getenv(name);
    char *end;
    long v = text ? strtol(text, &end, 10) : -1;
    return v >= 0 && v <= INT_MAX && end != text && !*end ? (int)v : otherwise;
}

int ranks_launched(void)
{
    int n = number("OMPI_COMM_WORLD_SIZE", 1);
    return n > 1 ? n : 1;
}

int ranks_on_machine(void)
{
    int n = ranks_launched() > 1 ? number("OMPI_COMM_WORLD_LOCAL_SIZE", 1) : 1;
    return n > 1 ? n : 1;
}

bool ranks_first(void)
{
    return ranks_launched() == 1 || number("OMPI_COMM_WORLD_RANK", 0) == 0;
}

#ifdef HAVE_MPI
#include <dlfcn.h>
#include <mpi.h>

#define CALLS(X)                                                                                   \
    X(Init_thread) X(Finalize) X(Abort) X(Comm_rank) X(Comm_size) X(Allgatherv) X(Scatterv) X(Bcast)

struct ranks {
    qctx *ctx;
    int me, all;
    bool left;
    int *count, *place, *flag; /* [all] */
    MPI_Comm world;            /* MPI_COMM_WORLD, MPI_BYTE: symbols of libmpi */
    MPI_Datatype byte;
#define MEMBER(name) __typeof__(&MPI_##name) name;
    CALLS(MEMBER)
#undef MEMBER
};

/* Plugins of libmpi look for its symbols: they must be global. */
static bool load(ranks *r)
{
    void *lib = dlopen(LIBMPI_SONAME, RTLD_NOW | RTLD_GLOBAL);
    bool ok = lib != NULL;
    void *symbol;
#define FIND(name)                                                                                 \
    symbol = ok ? dlsym(lib, "MPI_" #name) : NULL;                                                 \
    ok = ok && symbol;                                                                             \
    memcpy(&r->name, &symbol, sizeof symbol);
    CALLS(FIND)
#undef FIND
    r->world = ok ? (MPI_Comm)dlsym(lib, "ompi_mpi_comm_world") : NULL;
    r->byte = ok ? (MPI_Datatype)dlsym(lib, "ompi_mpi_byte") : NULL;
    return ok && r->world && r->byte;
}

/* Others wait for what this process will not say. */
static void end_all(void *user)
{
    ranks *r = user;
    if (!r->left)
        r->Abort(r->world, 1);
}

bool ranks_join(qctx *ctx)
{
    if (ranks_launched() == 1)
        return true;
    ranks *r = ARENA_NEW(ctx->a, ranks);
    int level;
    if (!load(r)) {
        diag_add(ctx, D_TRAIN_MPI, loc_none(),
                 "%s cannot be loaded: the processes of mpirun are not joined", LIBMPI_SONAME);
        diag_hint(ctx, "%s", dlerror());
        return false;
    }
    r->Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &level);
    r->Comm_rank(r->world, &r->me);
    r->Comm_size(r->world, &r->all);
    r->count = ARENA_ARRAY(ctx->a, int, r->all);
    r->place = ARENA_ARRAY(ctx->a, int, r->all);
    r->flag = ARENA_ARRAY(ctx->a, int, r->all);
    r->ctx = ctx;
    arena_defer(ctx->a, end_all, r);
    ctx->ranks = r;
    return true;
}

void ranks_leave(qctx *ctx)
{
    if (!ctx->ranks)
        return;
    ctx->ranks->left = true;
    ctx->ranks->Finalize();
    ctx->ranks = NULL;
}

static int64_t begin_of(int64_t n, int rank, int all)
{
    return n * rank / all;
}

void ranks_part(const ranks *r, int64_t n, int64_t *begin, int64_t *end)
{
    *begin = r ? begin_of(n, r->me, r->all) : 0;
    *end = r ? begin_of(n, r->me + 1, r->all) : n;
}

/* Counts and places in bytes of n elements in pieces; returns this process's place. */
static size_t deal(const ranks *r, int64_t n, int64_t piece, size_t size)
{
    int64_t pieces = (n + piece - 1) / piece;
    for (int k = 0; k < r->all; k++) {
        int64_t begin = piece * begin_of(pieces, k, r->all);
        int64_t end = piece * begin_of(pieces, k + 1, r->all);
        end = end < n ? end : n;
        r->place[k] = (int)(begin * (int64_t)size);
        r->count[k] = begin < end ? (int)((end - begin) * (int64_t)size) : 0;
    }
    return (size_t)r->place[r->me];
}

void ranks_gather(const ranks *r, void *v, int64_t n, int64_t piece, size_t size)
{
    if (!r)
        return;
    deal(r, n, piece, size);
    r->Allgatherv(MPI_IN_PLACE, 0, r->byte, v, r->count, r->place, r->byte, r->world);
}

static int owner_of(const ranks *r, int row, int rows)
{
    int k = 0;
    while (begin_of(rows, k + 1, r->all) <= row)
        k++;
    return k;
}

void ranks_sum(const ranks *r, const float *v, int rows, int64_t n, float *work, float *sum)
{
    size_t at = deal(r, n, 1, sizeof *v) / sizeof *v;
    int64_t part = r->count[r->me] / (int64_t)sizeof *v;
    for (int k = 0; k < rows; k++)
        r->Scatterv(v + k * n, r->count, r->place, r->byte, work + k * part, r->count[r->me],
                    r->byte, owner_of(r, k, rows), r->world);
    float *to = sum + at;
    for (int64_t i = 0; i < part; i++)
        to[i] = work[i];
    for (int k = 1; k < rows; k++)
        for (int64_t i = 0; i < part; i++)
            to[i] += work[k * part + i];
    ranks_gather(r, sum, n, 1, sizeof *sum);
}

void ranks_copy(const ranks *r, void *v, size_t bytes)
{
    if (r)
        r->Bcast(v, (int)bytes, r->byte, 0, r->world);
}

int ranks_least(const ranks *r, int here)
{
    if (!r)
        return here;
    r->flag[r->me] = here;
    ranks_gather(r, r->flag, r->all, 1, sizeof *r->flag);
    int least = r->flag[0];
    for (int k = 1; k < r->all; k++)
        least = r->flag[k] < least ? r->flag[k] : least;
    return least;
}

static const char *newest_error(const qctx *ctx)
{
    for (int i = diag_count(ctx) - 1; i >= 0; i--)
        if (diag_get(ctx, i)->severity == DIAG_ERROR)
            return diag_get(ctx, i)->message;
    return "it failed";
}

bool ranks_agree(qctx *ctx, bool ok)
{
    const ranks *r = ctx->ranks;
    char message[1024] = "";
    int failed = r ? ranks_least(r, ok ? r->all : r->me) : 0;
    if (!r || failed == r->all)
        return ok;
    if (failed == r->me)
        strncpy(message, newest_error(ctx), sizeof message - 1);
    r->Bcast(message, sizeof message, r->byte, failed, r->world);
    if (ok)
        diag_add(ctx, D_TRAIN_PROCESS, loc_none(), "process %d of %d: %s", failed, r->all, message);
    return false;
}

#else

bool ranks_join(qctx *ctx)
{
    if (ranks_launched() == 1)
        return true;
    diag_add(ctx, D_TRAIN_MPI, loc_none(),
             "this qcc was built without MPI: it cannot work for mpirun");
    diag_hint(ctx,
              "Debian: apt-get install libopenmpi-dev openmpi-bin, then configure and build again");
    return false;
}

void ranks_leave(qctx *ctx)
{
    (void)ctx;
}

void ranks_part(const ranks *r, int64_t n, int64_t *begin, int64_t *end)
{
    (void)r;
    *begin = 0;
    *end = n;
}

void ranks_gather(const ranks *r, void *v, int64_t n, int64_t piece, size_t size)
{
    (void)r, (void)v, (void)n, (void)piece, (void)size;
}

void ranks_sum(const ranks *r, const float *v, int rows, int64_t n, float *work, float *sum)
{
    (void)r, (void)v, (void)rows, (void)n, (void)work, (void)sum;
}

void ranks_copy(const ranks *r, void *v, size_t bytes)
{
    (void)r, (void)v, (void)bytes;
}

int ranks_least(const ranks *r, int here)
{
    (void)r;
    return here;
}

bool ranks_agree(qctx *ctx, bool ok)
{
    (void)ctx;
    return ok;
}
#endif

bool ranks_any(const ranks *r, bool here)
{
    return ranks_least(r, !here) == 0;
}
