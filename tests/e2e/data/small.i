int printf(const char *, ...);
struct s0 { int a, b[1]; struct s0 *next; };
static int f0(struct s0 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 1; i++)
			sum += p->b[i] * (n + 0) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 0;
	default: return sum << 2;
	}
}
struct s1 { int a, b[2]; struct s1 *next; };
static int f1(struct s1 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 2; i++)
			sum += p->b[i] * (n + 1) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 1;
	default: return sum << 2;
	}
}
struct s2 { int a, b[3]; struct s2 *next; };
static int f2(struct s2 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 3; i++)
			sum += p->b[i] * (n + 2) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 2;
	default: return sum << 2;
	}
}
struct s3 { int a, b[4]; struct s3 *next; };
static int f3(struct s3 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 4; i++)
			sum += p->b[i] * (n + 3) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 3;
	default: return sum << 2;
	}
}
struct s4 { int a, b[5]; struct s4 *next; };
static int f4(struct s4 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 5; i++)
			sum += p->b[i] * (n + 4) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 4;
	default: return sum << 2;
	}
}
struct s5 { int a, b[6]; struct s5 *next; };
static int f5(struct s5 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 6; i++)
			sum += p->b[i] * (n + 5) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 5;
	default: return sum << 2;
	}
}
struct s6 { int a, b[7]; struct s6 *next; };
static int f6(struct s6 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 7; i++)
			sum += p->b[i] * (n + 6) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 6;
	default: return sum << 2;
	}
}
struct s7 { int a, b[1]; struct s7 *next; };
static int f7(struct s7 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 1; i++)
			sum += p->b[i] * (n + 7) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 7;
	default: return sum << 2;
	}
}
struct s8 { int a, b[2]; struct s8 *next; };
static int f8(struct s8 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 2; i++)
			sum += p->b[i] * (n + 8) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 8;
	default: return sum << 2;
	}
}
struct s9 { int a, b[3]; struct s9 *next; };
static int f9(struct s9 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 3; i++)
			sum += p->b[i] * (n + 9) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 9;
	default: return sum << 2;
	}
}
struct s10 { int a, b[4]; struct s10 *next; };
static int f10(struct s10 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 4; i++)
			sum += p->b[i] * (n + 10) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 10;
	default: return sum << 2;
	}
}
struct s11 { int a, b[5]; struct s11 *next; };
static int f11(struct s11 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 5; i++)
			sum += p->b[i] * (n + 11) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 11;
	default: return sum << 2;
	}
}
struct s12 { int a, b[6]; struct s12 *next; };
static int f12(struct s12 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 6; i++)
			sum += p->b[i] * (n + 12) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 12;
	default: return sum << 2;
	}
}
struct s13 { int a, b[7]; struct s13 *next; };
static int f13(struct s13 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 7; i++)
			sum += p->b[i] * (n + 13) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 13;
	default: return sum << 2;
	}
}
struct s14 { int a, b[1]; struct s14 *next; };
static int f14(struct s14 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 1; i++)
			sum += p->b[i] * (n + 14) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 14;
	default: return sum << 2;
	}
}
struct s15 { int a, b[2]; struct s15 *next; };
static int f15(struct s15 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 2; i++)
			sum += p->b[i] * (n + 15) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 15;
	default: return sum << 2;
	}
}
struct s16 { int a, b[3]; struct s16 *next; };
static int f16(struct s16 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 3; i++)
			sum += p->b[i] * (n + 16) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 16;
	default: return sum << 2;
	}
}
struct s17 { int a, b[4]; struct s17 *next; };
static int f17(struct s17 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 4; i++)
			sum += p->b[i] * (n + 17) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 17;
	default: return sum << 2;
	}
}
struct s18 { int a, b[5]; struct s18 *next; };
static int f18(struct s18 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 5; i++)
			sum += p->b[i] * (n + 18) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 18;
	default: return sum << 2;
	}
}
struct s19 { int a, b[6]; struct s19 *next; };
static int f19(struct s19 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 6; i++)
			sum += p->b[i] * (n + 19) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 19;
	default: return sum << 2;
	}
}
struct s20 { int a, b[7]; struct s20 *next; };
static int f20(struct s20 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 7; i++)
			sum += p->b[i] * (n + 20) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 20;
	default: return sum << 2;
	}
}
struct s21 { int a, b[1]; struct s21 *next; };
static int f21(struct s21 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 1; i++)
			sum += p->b[i] * (n + 21) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 21;
	default: return sum << 2;
	}
}
struct s22 { int a, b[2]; struct s22 *next; };
static int f22(struct s22 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 2; i++)
			sum += p->b[i] * (n + 22) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 22;
	default: return sum << 2;
	}
}
struct s23 { int a, b[3]; struct s23 *next; };
static int f23(struct s23 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 3; i++)
			sum += p->b[i] * (n + 23) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 23;
	default: return sum << 2;
	}
}
struct s24 { int a, b[4]; struct s24 *next; };
static int f24(struct s24 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 4; i++)
			sum += p->b[i] * (n + 24) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 24;
	default: return sum << 2;
	}
}
struct s25 { int a, b[5]; struct s25 *next; };
static int f25(struct s25 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 5; i++)
			sum += p->b[i] * (n + 25) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 25;
	default: return sum << 2;
	}
}
struct s26 { int a, b[6]; struct s26 *next; };
static int f26(struct s26 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 6; i++)
			sum += p->b[i] * (n + 26) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 26;
	default: return sum << 2;
	}
}
struct s27 { int a, b[7]; struct s27 *next; };
static int f27(struct s27 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 7; i++)
			sum += p->b[i] * (n + 27) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 27;
	default: return sum << 2;
	}
}
struct s28 { int a, b[1]; struct s28 *next; };
static int f28(struct s28 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 1; i++)
			sum += p->b[i] * (n + 28) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 28;
	default: return sum << 2;
	}
}
struct s29 { int a, b[2]; struct s29 *next; };
static int f29(struct s29 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 2; i++)
			sum += p->b[i] * (n + 29) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 29;
	default: return sum << 2;
	}
}
struct s30 { int a, b[3]; struct s30 *next; };
static int f30(struct s30 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 3; i++)
			sum += p->b[i] * (n + 30) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 30;
	default: return sum << 2;
	}
}
struct s31 { int a, b[4]; struct s31 *next; };
static int f31(struct s31 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 4; i++)
			sum += p->b[i] * (n + 31) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 31;
	default: return sum << 2;
	}
}
struct s32 { int a, b[5]; struct s32 *next; };
static int f32(struct s32 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 5; i++)
			sum += p->b[i] * (n + 32) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 32;
	default: return sum << 2;
	}
}
struct s33 { int a, b[6]; struct s33 *next; };
static int f33(struct s33 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 6; i++)
			sum += p->b[i] * (n + 33) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 33;
	default: return sum << 2;
	}
}
struct s34 { int a, b[7]; struct s34 *next; };
static int f34(struct s34 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 7; i++)
			sum += p->b[i] * (n + 34) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 34;
	default: return sum << 2;
	}
}
struct s35 { int a, b[1]; struct s35 *next; };
static int f35(struct s35 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 1; i++)
			sum += p->b[i] * (n + 35) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 35;
	default: return sum << 2;
	}
}
struct s36 { int a, b[2]; struct s36 *next; };
static int f36(struct s36 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 2; i++)
			sum += p->b[i] * (n + 36) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 36;
	default: return sum << 2;
	}
}
struct s37 { int a, b[3]; struct s37 *next; };
static int f37(struct s37 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 3; i++)
			sum += p->b[i] * (n + 37) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 37;
	default: return sum << 2;
	}
}
struct s38 { int a, b[4]; struct s38 *next; };
static int f38(struct s38 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 4; i++)
			sum += p->b[i] * (n + 38) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 38;
	default: return sum << 2;
	}
}
struct s39 { int a, b[5]; struct s39 *next; };
static int f39(struct s39 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 5; i++)
			sum += p->b[i] * (n + 39) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 39;
	default: return sum << 2;
	}
}
struct s40 { int a, b[6]; struct s40 *next; };
static int f40(struct s40 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 6; i++)
			sum += p->b[i] * (n + 40) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 40;
	default: return sum << 2;
	}
}
struct s41 { int a, b[7]; struct s41 *next; };
static int f41(struct s41 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 7; i++)
			sum += p->b[i] * (n + 41) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 41;
	default: return sum << 2;
	}
}
struct s42 { int a, b[1]; struct s42 *next; };
static int f42(struct s42 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 1; i++)
			sum += p->b[i] * (n + 42) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 42;
	default: return sum << 2;
	}
}
struct s43 { int a, b[2]; struct s43 *next; };
static int f43(struct s43 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 2; i++)
			sum += p->b[i] * (n + 43) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 43;
	default: return sum << 2;
	}
}
struct s44 { int a, b[3]; struct s44 *next; };
static int f44(struct s44 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 3; i++)
			sum += p->b[i] * (n + 44) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 44;
	default: return sum << 2;
	}
}
struct s45 { int a, b[4]; struct s45 *next; };
static int f45(struct s45 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 4; i++)
			sum += p->b[i] * (n + 45) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 45;
	default: return sum << 2;
	}
}
struct s46 { int a, b[5]; struct s46 *next; };
static int f46(struct s46 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 5; i++)
			sum += p->b[i] * (n + 46) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 46;
	default: return sum << 2;
	}
}
struct s47 { int a, b[6]; struct s47 *next; };
static int f47(struct s47 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 6; i++)
			sum += p->b[i] * (n + 47) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 47;
	default: return sum << 2;
	}
}
struct s48 { int a, b[7]; struct s48 *next; };
static int f48(struct s48 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 7; i++)
			sum += p->b[i] * (n + 48) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 48;
	default: return sum << 2;
	}
}
struct s49 { int a, b[1]; struct s49 *next; };
static int f49(struct s49 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 1; i++)
			sum += p->b[i] * (n + 49) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 49;
	default: return sum << 2;
	}
}
struct s50 { int a, b[2]; struct s50 *next; };
static int f50(struct s50 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 2; i++)
			sum += p->b[i] * (n + 50) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 50;
	default: return sum << 2;
	}
}
struct s51 { int a, b[3]; struct s51 *next; };
static int f51(struct s51 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 3; i++)
			sum += p->b[i] * (n + 51) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 51;
	default: return sum << 2;
	}
}
struct s52 { int a, b[4]; struct s52 *next; };
static int f52(struct s52 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 4; i++)
			sum += p->b[i] * (n + 52) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 52;
	default: return sum << 2;
	}
}
struct s53 { int a, b[5]; struct s53 *next; };
static int f53(struct s53 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 5; i++)
			sum += p->b[i] * (n + 53) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 53;
	default: return sum << 2;
	}
}
struct s54 { int a, b[6]; struct s54 *next; };
static int f54(struct s54 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 6; i++)
			sum += p->b[i] * (n + 54) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 54;
	default: return sum << 2;
	}
}
struct s55 { int a, b[7]; struct s55 *next; };
static int f55(struct s55 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 7; i++)
			sum += p->b[i] * (n + 55) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 55;
	default: return sum << 2;
	}
}
struct s56 { int a, b[1]; struct s56 *next; };
static int f56(struct s56 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 1; i++)
			sum += p->b[i] * (n + 56) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 56;
	default: return sum << 2;
	}
}
struct s57 { int a, b[2]; struct s57 *next; };
static int f57(struct s57 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 2; i++)
			sum += p->b[i] * (n + 57) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 57;
	default: return sum << 2;
	}
}
struct s58 { int a, b[3]; struct s58 *next; };
static int f58(struct s58 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 3; i++)
			sum += p->b[i] * (n + 58) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 58;
	default: return sum << 2;
	}
}
struct s59 { int a, b[4]; struct s59 *next; };
static int f59(struct s59 *p, int n)
{
	int sum = 0;
	for (; p; p = p->next)
		for (int i = 0; i < 4; i++)
			sum += p->b[i] * (n + 59) ^ p->a;
	switch (sum & 7) {
	case 0: return sum + 1;
	case 1: case 2: return sum / (n | 1);
	case 5: return n ? sum % n : 59;
	default: return sum << 2;
	}
}
int main(void)
{
	int total = 0;
	struct s0 v0 = { .a = 0 };
	total += f0(&v0, total);
	struct s1 v1 = { .a = 1 };
	total += f1(&v1, total);
	struct s2 v2 = { .a = 2 };
	total += f2(&v2, total);
	struct s3 v3 = { .a = 3 };
	total += f3(&v3, total);
	struct s4 v4 = { .a = 4 };
	total += f4(&v4, total);
	struct s5 v5 = { .a = 5 };
	total += f5(&v5, total);
	struct s6 v6 = { .a = 6 };
	total += f6(&v6, total);
	struct s7 v7 = { .a = 7 };
	total += f7(&v7, total);
	struct s8 v8 = { .a = 8 };
	total += f8(&v8, total);
	struct s9 v9 = { .a = 9 };
	total += f9(&v9, total);
	struct s10 v10 = { .a = 10 };
	total += f10(&v10, total);
	struct s11 v11 = { .a = 11 };
	total += f11(&v11, total);
	struct s12 v12 = { .a = 12 };
	total += f12(&v12, total);
	struct s13 v13 = { .a = 13 };
	total += f13(&v13, total);
	struct s14 v14 = { .a = 14 };
	total += f14(&v14, total);
	struct s15 v15 = { .a = 15 };
	total += f15(&v15, total);
	struct s16 v16 = { .a = 16 };
	total += f16(&v16, total);
	struct s17 v17 = { .a = 17 };
	total += f17(&v17, total);
	struct s18 v18 = { .a = 18 };
	total += f18(&v18, total);
	struct s19 v19 = { .a = 19 };
	total += f19(&v19, total);
	struct s20 v20 = { .a = 20 };
	total += f20(&v20, total);
	struct s21 v21 = { .a = 21 };
	total += f21(&v21, total);
	struct s22 v22 = { .a = 22 };
	total += f22(&v22, total);
	struct s23 v23 = { .a = 23 };
	total += f23(&v23, total);
	struct s24 v24 = { .a = 24 };
	total += f24(&v24, total);
	struct s25 v25 = { .a = 25 };
	total += f25(&v25, total);
	struct s26 v26 = { .a = 26 };
	total += f26(&v26, total);
	struct s27 v27 = { .a = 27 };
	total += f27(&v27, total);
	struct s28 v28 = { .a = 28 };
	total += f28(&v28, total);
	struct s29 v29 = { .a = 29 };
	total += f29(&v29, total);
	struct s30 v30 = { .a = 30 };
	total += f30(&v30, total);
	struct s31 v31 = { .a = 31 };
	total += f31(&v31, total);
	struct s32 v32 = { .a = 32 };
	total += f32(&v32, total);
	struct s33 v33 = { .a = 33 };
	total += f33(&v33, total);
	struct s34 v34 = { .a = 34 };
	total += f34(&v34, total);
	struct s35 v35 = { .a = 35 };
	total += f35(&v35, total);
	struct s36 v36 = { .a = 36 };
	total += f36(&v36, total);
	struct s37 v37 = { .a = 37 };
	total += f37(&v37, total);
	struct s38 v38 = { .a = 38 };
	total += f38(&v38, total);
	struct s39 v39 = { .a = 39 };
	total += f39(&v39, total);
	struct s40 v40 = { .a = 40 };
	total += f40(&v40, total);
	struct s41 v41 = { .a = 41 };
	total += f41(&v41, total);
	struct s42 v42 = { .a = 42 };
	total += f42(&v42, total);
	struct s43 v43 = { .a = 43 };
	total += f43(&v43, total);
	struct s44 v44 = { .a = 44 };
	total += f44(&v44, total);
	struct s45 v45 = { .a = 45 };
	total += f45(&v45, total);
	struct s46 v46 = { .a = 46 };
	total += f46(&v46, total);
	struct s47 v47 = { .a = 47 };
	total += f47(&v47, total);
	struct s48 v48 = { .a = 48 };
	total += f48(&v48, total);
	struct s49 v49 = { .a = 49 };
	total += f49(&v49, total);
	struct s50 v50 = { .a = 50 };
	total += f50(&v50, total);
	struct s51 v51 = { .a = 51 };
	total += f51(&v51, total);
	struct s52 v52 = { .a = 52 };
	total += f52(&v52, total);
	struct s53 v53 = { .a = 53 };
	total += f53(&v53, total);
	struct s54 v54 = { .a = 54 };
	total += f54(&v54, total);
	struct s55 v55 = { .a = 55 };
	total += f55(&v55, total);
	struct s56 v56 = { .a = 56 };
	total += f56(&v56, total);
	struct s57 v57 = { .a = 57 };
	total += f57(&v57, total);
	struct s58 v58 = { .a = 58 };
	total += f58(&v58, total);
	struct s59 v59 = { .a = 59 };
	total += f59(&v59, total);
	printf("%d\n", total);
	return 0;
}
