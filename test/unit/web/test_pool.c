/* The pool: what is pushed comes back, a full queue refuses, what is cancelled is interrupted
 * (again and again), and the end waits for nobody. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "web/pool.h"

static struct pool pool;
static struct why why;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool stopped, deaf;        /* under lock: interrupted; does not hear the first interrupt */
static unsigned running, quick_n; /* under lock */

static void quick(struct exchange *x)
{
    pthread_mutex_lock(&lock);
    quick_n++;
    pthread_mutex_unlock(&lock);
    x->status = 200;
}

/* Until it is interrupted. */
static void slow(struct exchange *x)
{
    pthread_mutex_lock(&lock);
    running++;
    pthread_cond_broadcast(&changed);
    while (!stopped)
        pthread_cond_wait(&changed, &lock);
    running--;
    pthread_mutex_unlock(&lock);
    x->status = 504;
}

static void interrupt(struct worker *w)
{
    (void)w;
    pthread_mutex_lock(&lock);
    stopped = !deaf;
    deaf = false;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void await_running(unsigned n)
{
    pthread_mutex_lock(&lock);
    while (running < n)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

static struct exchange *make(void (*work)(struct exchange *x))
{
    struct exchange *x = exchange_new(NULL, 1 << 16);
    x->work = work;
    return x;
}

static struct exchange *await_done(void)
{
    struct exchange *x;
    while (!(x = pool_take(&pool))) {
        struct pollfd fd = { pool.bell.fd, POLLIN, 0 };
        poll(&fd, 1, 10000);
        bell_sleep_soon(&pool.bell);
    }
    return x;
}

static int setup(void **state)
{
    (void)state;
    pool = (struct pool){ .interrupt = interrupt };
    stopped = deaf = false;
    running = quick_n = 0;
    return pool_start(&pool, 2, 3, &why);
}

static void gives_all_back(void **state)
{
    (void)state;
    unsigned back = 0;
    for (unsigned i = 0; i < 100; i++) {
        struct exchange *x = make(quick);
        for (; !pool_push(&pool, x); back++)
            exchange_free(await_done());
    }
    for (; back < 100; back++)
        exchange_free(await_done());
    assert_int_equal(quick_n, 100);
    pool_stop(&pool);
}

static void refuses_beyond_the_queue(void **state)
{
    (void)state;
    struct exchange *x[6];
    for (unsigned i = 0; i < 2; i++)
        assert_true(pool_push(&pool, make(slow)));
    await_running(2);
    for (unsigned i = 0; i < 3; i++)
        assert_true(pool_push(&pool, x[i] = make(quick)));
    x[3] = make(quick);
    assert_false(pool_push(&pool, x[3]));
    exchange_free(x[3]);
    assert_int_equal(pool_used(&pool), 5);
    pool_cancel(&pool, x[1], STOP_GONE); /* it waits: it is not worked on */
    interrupt(NULL);
    for (unsigned i = 0; i < 5; i++)
        exchange_free(await_done());
    assert_int_equal(quick_n, 2);
    pool_stop(&pool);
}

static void interrupts_what_is_cancelled(void **state)
{
    (void)state;
    struct exchange *x = make(slow);
    assert_true(pool_push(&pool, x));
    await_running(1);
    deaf = true;
    pool_cancel(&pool, x, STOP_LATE);
    pool_tick(&pool);
    assert_ptr_equal(await_done(), x);
    assert_int_equal(x->status, 504);
    exchange_free(x);
    pool_stop(&pool);
}

static void ends_whatever_runs(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++)
        assert_true(pool_push(&pool, make(slow)));
    await_running(2);
    assert_true(pool_push(&pool, make(quick)));
    deaf = true;
    pool_stop(&pool);
    assert_int_equal(quick_n, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(gives_all_back, setup),
        cmocka_unit_test_setup(refuses_beyond_the_queue, setup),
        cmocka_unit_test_setup(interrupts_what_is_cancelled, setup),
        cmocka_unit_test_setup(ends_whatever_runs, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
