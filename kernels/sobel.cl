/* SPDX-License-Identifier: MIT */

/*
 * Strength of the edges in a picture of 1, 3 or 4 interleaved 8-bit channels: the
 * length of the gradient of its brightness (ITU-R BT.601 weights), rounded down, at
 * most 255. All in integers, so the result is the same everywhere; the square root is
 * corrected. Beyond an edge its last pixel is repeated. Range: width x height.
 */
static int brightness(__global const uchar *in, const int x, const int y, const int width,
                      const int height, const uint channels)
{
    const size_t column = (size_t)clamp(x, 0, width - 1);
    const size_t row = (size_t)clamp(y, 0, height - 1);
    __global const uchar *p = in + (row * (size_t)width + column) * channels;

    return channels < 3 ? p[0] : (77 * p[0] + 150 * p[1] + 29 * p[2]) >> 8;
}

__kernel void sobel(__global uchar *out, __global const uchar *in, const uint width,
                    const uint height, const uint channels)
{
    const int x = (int)get_global_id(0);
    const int y = (int)get_global_id(1);
    int near[3][3];

    for (int dy = 0; dy < 3; dy++) {
        for (int dx = 0; dx < 3; dx++) {
            near[dy][dx] = brightness(in, x + dx - 1, y + dy - 1, (int)width,
                                      (int)height, channels);
        }
    }
    const int gx = near[0][2] - near[0][0] + 2 * (near[1][2] - near[1][0]) +
                   near[2][2] - near[2][0];
    const int gy = near[2][0] - near[0][0] + 2 * (near[2][1] - near[0][1]) +
                   near[2][2] - near[0][2];
    const int square = gx * gx + gy * gy;
    int root = (int)sqrt((float)square);

    root -= root * root > square ? 1 : 0;
    root += (root + 1) * (root + 1) <= square ? 1 : 0;
    out[(size_t)y * width + (size_t)x] = (uchar)min(root, 255);
}
