// join kernels
